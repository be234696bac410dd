"""Ends with an exception nobody catches: exit code 1, the traceback on standard error."""

print("before")
{}["nobody catches this"]
