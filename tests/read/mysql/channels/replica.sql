-- CHANGE MASTER TO MASTER_HOST='commented.example';
CHANGE REPLICATION SOURCE TO SOURCE_HOST='source.example', SOURCE_PORT=3307, SOURCE_DELAY=7200, SOURCE_AUTO_POSITION=1 FOR CHANNEL 'main';
CHANGE REPLICATION SOURCE TO SOURCE_USER='repl' FOR CHANNEL 'main';
CHANGE MASTER 'second' TO MASTER_HOST='10.4.0.1';
SELECT asynchronous_connection_failover_add_source('main', 'spare.example', 3306, '', 80);
CREATE TABLE far (id int) ENGINE=FEDERATED CONNECTION='mysql://user:pw@fed.example:3306/shop/t';
START REPLICA;
