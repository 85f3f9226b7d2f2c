"""The metering API: the client that asks it, and the local service that is one."""
