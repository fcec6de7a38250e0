"""What goes over a boundary as bytes: records of the ring buffer, batches, process tables, frames."""
