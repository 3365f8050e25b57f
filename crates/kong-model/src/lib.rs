//! Kong entities in the words of Kong: collections, bodies, normal forms, tags and secrets.
