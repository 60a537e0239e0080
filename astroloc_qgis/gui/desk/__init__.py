"""The analyst's desk: where what the machine proposed is looked at, corrected, accepted and handed on."""
