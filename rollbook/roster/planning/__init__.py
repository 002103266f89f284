"""From a record of a SIS to a change, and the guards over all changes."""
