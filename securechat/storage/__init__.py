"""Everything that touches the database: models, the journal (its only writer), repositories, history pages."""
