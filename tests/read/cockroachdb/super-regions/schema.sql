CREATE DATABASE bank PRIMARY REGION "europe-west3" REGIONS "europe-west1", "us-east1";
ALTER DATABASE bank ADD SUPER REGION "eu" VALUES "europe-west3", "europe-west1";
ALTER TABLE accounts SET LOCALITY REGIONAL BY TABLE IN "europe-west1";
