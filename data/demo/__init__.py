"""The demo company, Larkfield Models: it sells AI credits, and it and its numbers are invented."""
