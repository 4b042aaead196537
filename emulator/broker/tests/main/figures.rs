//! Figures, by hand.
