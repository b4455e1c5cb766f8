"""One format a file; a report sees nothing but `Results`."""
