liaison plugin new closed-customers
cd closed-customers
swift test
