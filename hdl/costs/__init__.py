"""What parts of circuits take of a device, estimated before any of them is built."""
