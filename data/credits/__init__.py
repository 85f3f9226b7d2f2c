"""The arithmetic of credits: pure, exact, importing nothing of ours."""
