"""Parts of pages: what is shown of an answer that is at hand."""
