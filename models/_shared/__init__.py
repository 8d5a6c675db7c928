"""What several contestants need."""
