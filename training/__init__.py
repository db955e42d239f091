"""Programs that train the models of the service from the data in `training/data`. Not part of the running service."""
