"""Files that a user gives, and files written whole or not at all."""
