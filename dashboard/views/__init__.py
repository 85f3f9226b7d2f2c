"""One script per page, readable as the screen."""
