CREATE TABLESPACE eu WITH (
  replica_placement='{"num_replicas": 3, "placement_blocks": [
    {"cloud":"aws","region":"eu-central-1","zone":"eu-central-1a","min_num_replicas":2},
    {"cloud":"aws","region":"eu-west-1","zone":"eu-west-1a","min_num_replicas":1}]}'
);
CREATE TABLE users (id int, country text) PARTITION BY LIST (country);
CREATE TABLE users_eu PARTITION OF users FOR VALUES IN ('DE', 'FR') TABLESPACE eu;
