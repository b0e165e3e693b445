"""What a chip file says, kind by kind."""
