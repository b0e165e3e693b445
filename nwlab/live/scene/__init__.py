"""All that is known of a run that is watched, kept as it will be drawn; free of Qt."""
