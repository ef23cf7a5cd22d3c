//! The executor that sends a whole transaction at once.
