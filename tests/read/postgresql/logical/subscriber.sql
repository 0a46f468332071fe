CREATE SUBSCRIPTION orders_sub CONNECTION 'host=db.eu.example port=5432 dbname=shop' PUBLICATION orders_pub;
CREATE SUBSCRIPTION old_sub CONNECTION 'host=old.example dbname=shop' PUBLICATION orders_pub WITH (enabled = false);
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '10.9.0.1', port '5433', dbname 'x');
SELECT pglogical.create_subscription(subscription_name := 's', provider_dsn := 'host=prov.example port=5432 dbname=d');
SELECT bdr.join_node_group('x');
