swift build -c release
liaison plugin check .build/release/libClosedCustomers.so
liaison check --config liaison.json5
liaison serve --config liaison.json5

# In another terminal:
curl -i http://127.0.0.1:8080/customers/0004Va58A92T0018/services/1 -d '{}'
