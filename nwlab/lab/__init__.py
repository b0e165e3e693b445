"""Where everything meets: files become objects."""
