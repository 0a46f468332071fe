ALTER RANGE default CONFIGURE ZONE USING num_replicas = 5, constraints = '[+region=eu-central-1]';
ALTER TABLE inherits CONFIGURE ZONE USING constraints = '{"+region=eu-central-1": 3}';
ALTER TABLE parent CONFIGURE ZONE USING num_replicas = COPY FROM PARENT, constraints = '{"+region=eu-central-1": 3}';
ALTER TABLE counted CONFIGURE ZONE USING num_replicas = 3, constraints = '{"+region=eu-central-1": three}';
ALTER TABLE bound CONFIGURE ZONE USING num_replicas = 3, constraints = '{"+region=eu-central-1": 3}';
