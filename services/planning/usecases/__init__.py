"""What planning does, one verb a file."""
