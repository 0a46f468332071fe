CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.example', port 'pgport');
SELECT dblink_connect('by_server', 'far_server');
SELECT dblink_connect('here', 'dbname=other');
