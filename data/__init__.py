"""Floor one: makes credits, the metering API and extracts; knows no question."""
