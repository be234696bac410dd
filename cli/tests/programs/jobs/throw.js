// Ends with an exception nobody catches: exit code 1, the message on standard error.
print("before");
throw new RangeError("nobody catches this");
