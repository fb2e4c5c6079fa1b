"""What leaves: lists, workbooks, letters, reports."""
