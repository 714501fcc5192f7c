"""A page in the browser in which a person boxes the object and sees what pose is found there."""
