"""An extract made from a metering API alone: what it tells, kept as it is read, and built whole."""
