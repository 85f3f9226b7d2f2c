"""Floor two: asks. Every question and every command, typed, each with its documents."""
