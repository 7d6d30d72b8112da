"""The part of GoTrue that this product and its tests use, over the same schema `auth`."""
