//! What can reach what, in which state of the world? Knows no countries beyond the codes that client matches name, no policy.
