"""Who is contacted, how, and who is not: mailing rules (campaigns and outcomes come later)."""
