"""The analyst's desk: results are reviewed, corrected, accepted and exported here."""
