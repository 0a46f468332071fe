//! Which column holds what: by the words of the header, or as `[[inputs.override]]` tells.

use std::collections::BTreeMap;

use super::rows::Row;
use crate::source::Span;

/// What a column can say of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// An id by which cloud files know it: `i-0ab...`, an ARN.
    Id,
    Name,
    Address,
    Country,
    City,
    Site,
    Region,
    Zone,
    Provider,
    Account,
    NetworkScope,
    Kind,
    Env,
    Tags,
}

/// Field, its key in `columns`, and the words for it in headers: small letters without blanks, dashes, dots and underscores.
const FIELDS: &[(Field, &str, &[&str])] = &[
    (Field::Id, "id", &["instanceid", "resourceid", "arn", "cloudid", "assetid", "实例id", "资源id", "实例编号"]),
    (
        Field::Name,
        "name",
        &[
            "name",
            "hostname",
            "host",
            "fqdn",
            "servername",
            "server",
            "dnsname",
            "devicename",
            "instancename",
            "vmname",
            "主机名",
            "主机",
            "主机名称",
            "名称",
            "服务器",
            "服务器名",
            "服务器名称",
            "设备名称",
            "设备名",
            "实例名称",
            "实例名",
            "域名",
        ],
    ),
    (
        Field::Address,
        "address",
        &[
            "ip",
            "ips",
            "ipaddress",
            "ipaddresses",
            "ipaddr",
            "ipv4",
            "ipv6",
            "ipv4address",
            "ipv6address",
            "primaryip",
            "privateip",
            "privateipaddress",
            // `PrivateIpAddresses`, `InnerIpAddress`: fields of the answers of Tencent's and Alibaba's DescribeInstances, which
            // lists made of them keep as headers.
            "privateipaddresses",
            "publicipaddresses",
            "inneripaddress",
            "eipaddress",
            "primaryipaddress",
            "publicip",
            "publicipaddress",
            "internalip",
            "externalip",
            "managementip",
            "mgmtip",
            "ip地址",
            "内网ip",
            "外网ip",
            "公网ip",
            "私网ip",
            "管理ip",
            "内网地址",
            "公网地址",
            "主ip",
        ],
    ),
    (
        Field::Country,
        "country",
        &["country", "countrycode", "countryname", "countryregion", "国家", "国家地区", "国家/地区", "国别"],
    ),
    (Field::City, "city", &["city", "城市", "所在城市"]),
    (
        Field::Site,
        "site",
        &[
            "site",
            "sitename",
            "datacenter",
            "datacentre",
            "dc",
            "idc",
            "location",
            "机房",
            "数据中心",
            "站点",
            "所在机房",
            "机房名称",
            "位置",
        ],
    ),
    (Field::Region, "region", &["region", "cloudregion", "regionid", "区域", "地域", "大区"]),
    (Field::Zone, "zone", &["zone", "az", "availabilityzone", "zoneid", "placementzone", "可用区"]),
    (Field::Provider, "provider", &["provider", "cloud", "cloudprovider", "云厂商", "云服务商", "供应商", "云平台", "厂商"]),
    (
        Field::Account,
        "account",
        &["account", "accountid", "accountname", "cloudaccount", "subscription", "账号", "帐号", "账户", "云账号"],
    ),
    (
        Field::NetworkScope,
        "network-scope",
        &["vrf", "vpc", "vpcid", "vpcattributesvpcid", "virtualprivatecloudvpcid", "networkscope", "专有网络"],
    ),
    (Field::Kind, "kind", &["kind", "type", "class", "citype", "resourcetype", "assettype", "类型", "资产类型", "资源类型"]),
    (Field::Env, "env", &["env", "environment", "stage", "环境"]),
    (Field::Tags, "tags", &["tags", "labels", "标签"]),
];

impl Field {
    pub fn by_key(key: &str) -> Option<Self> {
        FIELDS.iter().find(|(_, k, _)| *k == key).map(|(field, ..)| *field)
    }

    pub fn keys() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|(_, key, _)| *key)
    }

    pub fn key(self) -> &'static str {
        FIELDS.iter().find(|(field, ..)| *field == self).map_or("", |(_, key, _)| key)
    }

    fn by_word(word: &str) -> Option<Self> {
        let plain: String = word
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '.' | '*'))
            .flat_map(char::to_lowercase)
            .collect();
        FIELDS.iter().find(|(_, _, words)| words.contains(&plain.as_str())).map(|(field, ..)| *field)
    }

    /// Several columns may say it together.
    fn may_repeat(self) -> bool {
        matches!(self, Self::Id | Self::Name | Self::Address | Self::Tags)
    }

    /// By this a row can be found.
    fn names(self) -> bool {
        matches!(self, Self::Name | Self::Address | Self::Id)
    }

    /// By this a row can be placed.
    fn places(self) -> bool {
        matches!(self, Self::Address | Self::Country | Self::Site | Self::Region | Self::Zone)
    }
}

/// The columns of a table.
#[derive(Debug)]
pub struct Header {
    pub span: Span,
    /// Cells of its row.
    pub width: usize,
    /// The columns of each field; more than one only where that makes sense.
    pub columns: BTreeMap<Field, Vec<usize>>,
    /// Fields for which several columns could be meant, with the words of these columns.
    pub ambiguous: Vec<(Field, Vec<String>)>,
    /// All other columns, by their words.
    pub others: Vec<(usize, String)>,
    /// The user said which column is the site, so that a site nobody declares is a mistake.
    pub site_is_told: bool,
}

impl Header {
    /// A row is a header if its words name a machine, and one more thing that is worth knowing of it.
    pub fn detect(row: &Row<'_>) -> Option<Self> {
        let header = Self::mapped(row, &[]);
        let has = |test: fn(Field) -> bool| header.fields().filter(|f| test(*f)).count();
        let more = |f: Field| f.places() || matches!(f, Field::Provider | Field::Account);
        let distinct = has(Field::names) > 0 && has(more) > 0 && header.fields().count() > 1;
        distinct.then_some(header)
    }

    /// The header with what is told; other columns by their words.
    pub fn mapped(row: &Row<'_>, told: &[(Field, &str)]) -> Self {
        let mut columns: BTreeMap<Field, Vec<usize>> = BTreeMap::new();
        let mut others = Vec::new();
        for (i, cell) in row.cells.iter().enumerate().filter(|(_, c)| !c.text.is_empty()) {
            let by_told = told.iter().find(|(_, word)| cell.text == word.trim()).map(|(field, _)| *field);
            let is_told = |field: &Field| told.iter().any(|(f, _)| f == field);
            let by_word = || Field::by_word(&cell.text).filter(|f| !is_told(f));
            match by_told.or_else(by_word) {
                Some(field) => columns.entry(field).or_default().push(i),
                None => others.push((i, cell.text.clone().into_owned())),
            }
        }
        let several = |field: &Field, at: &Vec<usize>| at.len() > 1 && !field.may_repeat();
        let word = |i: &usize| row.cells[*i].text.clone().into_owned();
        let ambiguous: Vec<(Field, Vec<String>)> =
            columns.iter().filter(|(f, at)| several(f, at)).map(|(f, at)| (*f, at.iter().map(word).collect())).collect();
        for (field, _) in &ambiguous {
            others.extend(columns.remove(field).into_iter().flatten().map(|i| (i, word(&i))));
        }
        Self {
            span: row.span,
            width: row.cells.len(),
            columns,
            ambiguous,
            others,
            site_is_told: told.iter().any(|(f, _)| *f == Field::Site),
        }
    }

    fn fields(&self) -> impl Iterator<Item = Field> {
        self.columns.keys().copied().chain(self.ambiguous.iter().map(|(f, _)| *f))
    }

    /// How many columns are known.
    pub fn known(&self) -> usize {
        self.columns.values().map(Vec::len).sum::<usize>() + self.ambiguous.len()
    }

    pub fn can_place(&self) -> bool {
        self.columns.keys().any(|f| f.places())
    }
}
