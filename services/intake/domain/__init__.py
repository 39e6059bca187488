"""What a survey is and which answers it takes. Pure: no request, no database, no message."""
