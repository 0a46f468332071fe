ALTER DATABASE old CONFIGURE ZONE USING num_replicas = 3, constraints = '{"+region=eu-1": 1, "+region=eu-2": 2}';
ALTER TABLE people CONFIGURE ZONE USING constraints = '[+region=eu-1]';
ALTER PARTITION us OF TABLE people CONFIGURE ZONE USING num_replicas = 5, constraints = '{"+region=us-1": 2}';
