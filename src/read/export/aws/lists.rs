//! The lists that answers of `aws` consist of, by their keys. Source: the AWS CLI command reference, per command.

/// A list in an answer.
pub struct List {
    /// The path of keys from the top.
    pub path: &'static str,
    /// A key that each of its records has: its id. Empty: the records are texts, ids themselves.
    pub id: &'static str,
    /// The key of the record's ARN, if it has one.
    pub arn: &'static str,
    /// CloudFormation's name for what it lists, or one made like it where that has none.
    pub kind: &'static str,
    /// The answer names its resources and says nothing of where their data goes.
    pub bare: bool,
}

const fn list(path: &'static str, id: &'static str, arn: &'static str, kind: &'static str) -> List {
    List { path, id, arn, kind, bare: false }
}

const fn bare(path: &'static str, id: &'static str, arn: &'static str, kind: &'static str) -> List {
    List { path, id, arn, kind, bare: true }
}

/// By path; where several lists share one, the id tells them apart.
pub const LISTS: &[List] = &[
    // ec2
    list("Reservations", "Instances", "", "AWS::EC2::Instance"),
    list("Addresses", "PublicIp", "", "AWS::EC2::EIP"),
    list("AvailabilityZones", "ZoneName", "", "AWS::EC2::AvailabilityZone"),
    list("CustomerGateways", "CustomerGatewayId", "CustomerGatewayArn", "AWS::EC2::CustomerGateway"),
    list("DhcpOptions", "DhcpOptionsId", "", "AWS::EC2::DHCPOptions"),
    list("FlowLogs", "FlowLogId", "", "AWS::EC2::FlowLog"),
    list("Images", "ImageId", "", "AWS::EC2::Image"),
    list("InternetGateways", "InternetGatewayId", "", "AWS::EC2::InternetGateway"),
    list("KeyPairs", "KeyPairId", "", "AWS::EC2::KeyPair"),
    list("NatGateways", "NatGatewayId", "", "AWS::EC2::NatGateway"),
    list("NetworkAcls", "NetworkAclId", "", "AWS::EC2::NetworkAcl"),
    list("NetworkInterfaces", "NetworkInterfaceId", "", "AWS::EC2::NetworkInterface"),
    list("PrefixLists", "PrefixListId", "PrefixListArn", "AWS::EC2::PrefixList"),
    list("Regions", "RegionName", "", "AWS::EC2::Region"),
    list("RouteTables", "RouteTableId", "", "AWS::EC2::RouteTable"),
    list("SecurityGroups", "GroupId", "SecurityGroupArn", "AWS::EC2::SecurityGroup"),
    list("Snapshots", "SnapshotId", "", "AWS::EC2::Snapshot"),
    list("Subnets", "SubnetId", "SubnetArn", "AWS::EC2::Subnet"),
    list("TransitGatewayAttachments", "TransitGatewayAttachmentId", "", "AWS::EC2::TransitGatewayAttachment"),
    list("TransitGatewayPeeringAttachments", "TransitGatewayAttachmentId", "", "AWS::EC2::TransitGatewayPeeringAttachment"),
    list("TransitGatewayPropagations", "TransitGatewayRouteTableId", "", "AWS::EC2::TransitGatewayRouteTablePropagation"),
    list("TransitGatewayRouteTables", "TransitGatewayRouteTableId", "", "AWS::EC2::TransitGatewayRouteTable"),
    list("TransitGatewayStaticRoutes", "TransitGatewayRouteTableId", "", "AWS::EC2::TransitGatewayRoute"),
    list("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId", "", "AWS::EC2::TransitGatewayVpcAttachment"),
    list("TransitGateways", "TransitGatewayId", "TransitGatewayArn", "AWS::EC2::TransitGateway"),
    list("Volumes", "VolumeId", "", "AWS::EC2::Volume"),
    list("VpcEndpoints", "VpcEndpointId", "", "AWS::EC2::VPCEndpoint"),
    list("VpcPeeringConnections", "VpcPeeringConnectionId", "", "AWS::EC2::VPCPeeringConnection"),
    list("Vpcs", "VpcId", "", "AWS::EC2::VPC"),
    list("VpnConnections", "VpnConnectionId", "", "AWS::EC2::VPNConnection"),
    list("VpnGateways", "VpnGatewayId", "", "AWS::EC2::VPNGateway"),
    // elb, elbv2
    list("LoadBalancerDescriptions", "LoadBalancerName", "", "AWS::ElasticLoadBalancing::LoadBalancer"),
    list("LoadBalancers", "LoadBalancerArn", "LoadBalancerArn", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    list("TargetGroups", "TargetGroupArn", "TargetGroupArn", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    list("Listeners", "ListenerArn", "ListenerArn", "AWS::ElasticLoadBalancingV2::Listener"),
    list("LoadBalancerTargetHealth", "TargetGroupArn", "TargetGroupArn", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    list("LoadBalancerListeners", "LoadBalancerArn", "LoadBalancerArn", "AWS::ElasticLoadBalancingV2::Listener"),
    list("LoadBalancerAttributes", "LoadBalancerArn", "LoadBalancerArn", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    // route53
    list("ResourceRecordSets", "Type", "", "AWS::Route53::RecordSet"),
    // rds
    list("DBInstances", "DBInstanceIdentifier", "DBInstanceArn", "AWS::RDS::DBInstance"),
    list("RdsInstances", "DBInstanceIdentifier", "DBInstanceArn", "AWS::RDS::DBInstance"),
    list("DBClusters", "DBClusterIdentifier", "DBClusterArn", "AWS::RDS::DBCluster"),
    list("GlobalClusters", "GlobalClusterIdentifier", "GlobalClusterArn", "AWS::RDS::GlobalCluster"),
    list("DBSnapshots", "DBSnapshotIdentifier", "DBSnapshotArn", "AWS::RDS::DBSnapshot"),
    list("DBClusterSnapshots", "DBClusterSnapshotIdentifier", "DBClusterSnapshotArn", "AWS::RDS::DBClusterSnapshot"),
    list(
        "DBInstanceAutomatedBackups",
        "DBInstanceIdentifier",
        "DBInstanceAutomatedBackupsArn",
        "AWS::RDS::DBInstanceAutomatedBackup",
    ),
    // storage
    bare("Buckets", "Name", "BucketArn", "AWS::S3::Bucket"),
    list("Replications", "SourceFileSystemArn", "", "AWS::EFS::ReplicationConfiguration"),
    list("FileSystems", "FileSystemId", "FileSystemArn", "AWS::EFS::FileSystem"),
    // other services
    list("Functions", "FunctionArn", "FunctionArn", "AWS::Lambda::Function"),
    list("ClusterInfoList", "ClusterArn", "ClusterArn", "AWS::MSK::Cluster"),
    list("trailList", "TrailARN", "TrailARN", "AWS::CloudTrail::Trail"),
    bare("Topics", "TopicArn", "TopicArn", "AWS::SNS::Topic"),
    bare("QueueUrls", "", "", "AWS::SQS::Queue"),
    bare("clusterArns", "", "", "AWS::ECS::Cluster"),
    bare("TableNames", "", "", "AWS::DynamoDB::Table"),
    list("Table", "TableArn", "TableArn", "AWS::DynamoDB::Table"),
    list("repositories", "repositoryArn", "repositoryArn", "AWS::ECR::Repository"),
    list("SecretList", "ARN", "ARN", "AWS::SecretsManager::Secret"),
    list("KeyMetadata", "KeyId", "Arn", "AWS::KMS::Key"),
    bare("Keys", "KeyArn", "KeyArn", "AWS::KMS::Key"),
    list("CacheClusters", "CacheClusterId", "ARN", "AWS::ElastiCache::CacheCluster"),
    list("ReplicationGroups", "ReplicationGroupId", "ARN", "AWS::ElastiCache::ReplicationGroup"),
    list("GlobalReplicationGroups", "GlobalReplicationGroupId", "ARN", "AWS::ElastiCache::GlobalReplicationGroup"),
    list("Clusters", "ClusterNodes", "", "AWS::Redshift::Cluster"),
    list("ClusterSubnetGroups", "ClusterSubnetGroupName", "", "AWS::Redshift::ClusterSubnetGroup"),
    bare("DomainNames", "DomainName", "", "AWS::Elasticsearch::Domain"),
    list("DomainStatusList", "ARN", "ARN", "AWS::Elasticsearch::Domain"),
    list("ElasticsearchDomains", "ARN", "ARN", "AWS::Elasticsearch::Domain"),
    list("DistributionList.Items", "DomainName", "ARN", "AWS::CloudFront::Distribution"),
    list("cluster", "arn", "arn", "AWS::EKS::Cluster"),
    list("logGroups", "logGroupName", "arn", "AWS::Logs::LogGroup"),
    list("subscriptionFilters", "filterName", "", "AWS::Logs::SubscriptionFilter"),
    list("BackupVaultList", "BackupVaultName", "BackupVaultArn", "AWS::Backup::BackupVault"),
    // Nothing that holds or carries data.
    list("Roles", "RoleId", "Arn", "AWS::IAM::Role"),
    list("Users", "UserId", "Arn", "AWS::IAM::User"),
    list("Groups", "GroupId", "Arn", "AWS::IAM::Group"),
    list("Policies", "PolicyId", "Arn", "AWS::IAM::Policy"),
    list("RoleDetailList", "RoleId", "Arn", "AWS::IAM::Role"),
    list("UserDetailList", "UserId", "Arn", "AWS::IAM::User"),
    list("GroupDetailList", "GroupId", "Arn", "AWS::IAM::Group"),
    list("SAMLProviderList", "Arn", "Arn", "AWS::IAM::SAMLProvider"),
    list("DetectorIds", "", "", "AWS::GuardDuty::Detector"),
    list("analyzers", "arn", "arn", "AWS::AccessAnalyzer::Analyzer"),
];

/// Answers that are one record, without a list around it: keys that it has, and what it is about. The bucket, where it is about
/// one, stands only in the request; CloudMapper keeps it as the file's name.
pub struct Single {
    pub keys: &'static [&'static str],
    /// Empty: it tells of nothing that holds or carries data.
    pub kind: &'static str,
    pub of_bucket: bool,
}

pub const SINGLES: &[Single] = &[
    Single { keys: &["LocationConstraint"], kind: "AWS::S3::Bucket", of_bucket: true },
    Single { keys: &["ReplicationConfiguration"], kind: "AWS::S3::Bucket", of_bucket: true },
    Single { keys: &["LoggingEnabled"], kind: "AWS::S3::Bucket", of_bucket: true },
    Single { keys: &["ARN", "Name", "VersionIdsToStages"], kind: "AWS::SecretsManager::Secret", of_bucket: false },
    // Nothing that holds or carries data.
    harmless(&["Account", "Arn", "UserId"]),
    harmless(&["Content", "GeneratedTime", "ReportFormat"]),
    harmless(&["SummaryMap"]),
    harmless(&["Grants", "Owner"]),
    harmless(&["Policy"]),
];

const fn harmless(keys: &'static [&'static str]) -> Single {
    Single { keys, kind: "", of_bucket: false }
}
