"""What can be wrong between registrations: a table of detectors, each a pure function over claims."""
