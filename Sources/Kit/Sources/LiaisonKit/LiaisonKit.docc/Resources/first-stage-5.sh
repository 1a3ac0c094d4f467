swift build -c release
liaison plugin check .build/release/libClosedCustomers.so
liaison serve --config liaison.json5
