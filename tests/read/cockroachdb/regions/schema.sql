CREATE DATABASE shop PRIMARY REGION "aws-eu-central-1" REGIONS "aws-eu-west-1", "aws-us-east-1" SURVIVE ZONE FAILURE;
USE shop;
CREATE TABLE promo (code STRING PRIMARY KEY) LOCALITY GLOBAL;
CREATE TABLE users (id UUID PRIMARY KEY, country STRING,
    region crdb_internal_region AS (CASE WHEN country = 'DE' THEN 'aws-eu-central-1' ELSE 'aws-us-east-1' END) STORED
) LOCALITY REGIONAL BY ROW AS region;
CREATE TABLE ledger (id INT PRIMARY KEY) LOCALITY REGIONAL BY TABLE IN "aws-eu-west-1";
-- ALTER DATABASE shop PLACEMENT RESTRICTED;
BACKUP DATABASE shop INTO 's3://example-backup/shop?AUTH=implicit&AWS_REGION=us-west-2' WITH revision_history;
CREATE CHANGEFEED FOR TABLE users INTO 'kafka://broker.example:9093' WITH updated;
CREATE EXTERNAL CONNECTION lake AS 'gs://example-lake';
CREATE SCHEDULE nightly FOR BACKUP INTO 'external://lake/nightly' RECURRING '@daily';
