//! The directives of Apache httpd 2.4: those that its own modules declare (as `httpd -L` lists them with all modules of 2.4.67), and of
//! some that are widely used beside them. A directive in no list could route, so it becomes a gap.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const DIRECTIVE: &str = "directive";
pub(super) const SECTION: &str = "section";
pub(super) const PARAMETER: &str = "worker parameter";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: SECTION,
        followed: "VirtualHost Proxy ProxyMatch Location LocationMatch Directory DirectoryMatch Files FilesMatch If
            ElseIf Else IfModule IfDefine IfVersion IfFile IfDirective IfSection Macro",
        harmless: "Limit LimitExcept RequireAll RequireAny RequireNone AuthnProviderAlias AuthzProviderAlias MDomainSet",
        refused: "LuaHookAccessChecker LuaQuickHandler Perl",
    },
    Words {
        part: PARAMETER,
        followed: "status lbset loadfactor upgrade lbmethod nofailover",
        harmless: "min max smax acquire connectiontimeout disablereuse enablereuse flushpackets flushwait iobuffersize
            responsefieldsize keepalive ping receivebuffersize redirect retry route secret timeout ttl hcmethod hcpasses
            hcfails hcinterval hcuri hcexpr hctemplate failonstatus failontimeout forcerecovery growth maxattempts nonce
            scolonpathdelim stickysession stickysessionsep nocanon interpolate noquery mapping addressttl bbytes",
        refused: "",
    },
    Words {
        part: DIRECTIVE,
        followed:
            "AddHandler AuthLDAPURL BalancerMember CacheEnable CacheSocache CustomLog Define ErrorDocument ErrorLog ForceType
            ForensicLog GlobalLog Include IncludeOptional Listen LoadModule ProxyPass
            ProxyPassInherit ProxyPassMatch ProxyRemote ProxyRemoteMatch ProxyRequests ProxySet
            Redirect RedirectMatch RedirectPermanent RedirectTemp RewriteCond RewriteEngine
            RewriteOptions RewriteRule ServerAlias ServerName ServerRoot SetHandler TransferLog UnDefine Use",
        harmless: "AcceptFilter AcceptPathInfo AccessFileName Action AddAlt AddAltByEncoding AddAltByType AddCharset
            AddDefaultCharset AddDescription AddEncoding AddIcon AddIconByEncoding AddIconByType
            AddInputFilter AddLanguage AddModuleInfo AddOutputFilter AddOutputFilterByType AddType
            Alias AliasMatch AliasPreservePath Allow AllowCONNECT AllowEncodedSlashes AllowMethods
            AllowOverride AllowOverrideList Anonymous Anonymous_LogEmail Anonymous_MustGiveEmail
            Anonymous_NoUserId Anonymous_VerifyEmail AssignUserID AsyncRequestWorkerFactor
            AuthBasicAuthoritative AuthBasicFake AuthBasicProvider AuthBasicUseDigestAlgorithm
            AuthDBDUserPWQuery AuthDBDUserRealmQuery AuthDBMGroupFile AuthDBMType AuthDBMUserFile
            AuthDigestAlgorithm AuthDigestDomain AuthDigestNcCheck AuthDigestNonceFormat
            AuthDigestNonceLifetime AuthDigestProvider AuthDigestQop AuthDigestShmemSize
            AuthFormAuthoritative AuthFormBody AuthFormDisableNoStore AuthFormFakeBasicAuth
            AuthFormLocation AuthFormLoginRequiredLocation AuthFormLoginSuccessLocation
            AuthFormLogoutLocation AuthFormMethod AuthFormMimetype AuthFormPassword AuthFormProvider
            AuthFormSitePassphrase AuthFormSize AuthFormUsername AuthGroupFile
            AuthLDAPAuthorizePrefix AuthLDAPBindAuthoritative AuthLDAPBindDN AuthLDAPBindPassword
            AuthLDAPCharsetConfig AuthLDAPCompareAsUser AuthLDAPCompareDNOnServer
            AuthLDAPDereferenceAliases AuthLDAPGroupAttribute AuthLDAPGroupAttributeIsDN
            AuthLDAPInitialBindAsUser AuthLDAPInitialBindPattern AuthLDAPMaxSubGroupDepth
            AuthLDAPRemoteUserAttribute AuthLDAPRemoteUserIsDN AuthLDAPSearchAsUser
            AuthLDAPSubGroupAttribute AuthLDAPSubGroupClass AuthMerging AuthName AuthnCacheContext
            AuthnCacheEnable AuthnCacheProvideFor AuthnCacheSOCache AuthnCacheTimeout
            AuthnzFcgiCheckAuthnProvider AuthType AuthUserFile AuthzDBDLoginToReferer AuthzDBDQuery
            AuthzDBDRedirectQuery AuthzDBMType AuthzSendForbiddenOnFailure BalancerGrowth
            BalancerPersist BrotliAlterETag BrotliCompressionMaxInputBlock BrotliCompressionQuality
            BrotliCompressionWindow BrotliFilterNote BrowserMatch BrowserMatchNoCase BufferedLogs
            BufferSize CacheDefaultExpire CacheDetailHeader CacheDirLength CacheDirLevels
            CacheDisable CacheFile CacheHeader CacheIgnoreCacheControl CacheIgnoreHeaders
            CacheIgnoreNoLastMod CacheIgnoreQueryString CacheIgnoreURLSessionIdentifiers
            CacheKeyBaseURL CacheLastModifiedFactor CacheLock CacheLockMaxAge CacheLockPath
            CacheMaxExpire CacheMaxFileSize CacheMinExpire CacheMinFileSize CacheNegotiatedDocs
            CacheQuickHandler CacheReadSize CacheReadTime CacheRoot CacheSocacheMaxSize
            CacheSocacheMaxTime CacheSocacheMinTime CacheSocacheReadSize CacheSocacheReadTime
            CacheStaleOnError CacheStoreExpired CacheStoreNoStore CacheStorePrivate CaseFilter
            CaseFilterIn CGIDScriptTimeout CGIPassAuth CGIScriptTimeout CGIVar CharsetDefault
            CharsetOptions CharsetSourceEnc CheckBasenameMatch CheckCaseOnly CheckSpelling ChrootDir
            ContentDigest CookieDomain CookieExpires CookieHttpOnly CookieName CookieSameSite
            CookieSecure CookieStyle CookieTracking CoreDumpDirectory DAV DAVBasePath
            DAVDepthInfinity DAVGenericLockDB DAVLockDB DAVLockDiscovery DAVMinTimeout DBDExptime
            DBDInitSQL DBDKeep DBDMax DBDMin DBDPersist DBDPrepareSQL DBDriver DefaultIcon
            DefaultLanguage DefaultRuntimeDir DefaultType DeflateAlterEtag DeflateBufferSize
            DeflateCompressionLevel DeflateFilterNote DeflateInflateLimitRequestBody
            DeflateInflateRatioBurst DeflateInflateRatioLimit DeflateMemLevel DeflateWindowSize Deny
            DirectoryCheckHandler DirectoryIndex DirectoryIndexRedirect DirectorySlash DocumentRoot
            DumpIOInput DumpIOOutput EnableMMAP EnableSendfile ErrorLogFormat ExpiresActive
            ExpiresByType ExpiresDefault ExtendedStatus ExtFilterOptions FallbackResource
            FancyIndexing FcgidConnectTimeout FcgidIOTimeout FcgidMaxRequestLen FcgidWrapper
            FileETag FilterChain FilterDeclare FilterProtocol FilterProvider FilterTrace
            FlushMaxPipelined FlushMaxThreshold ForceLanguagePriority GeoIPDBFile GeoIPEnable
            GeoIPEnableHostname GeoIPEnableUTF8 GeoIPOutput GeoIPScanProxyHeaderField
            GeoIPScanProxyHeaders GeoIPUseFirstNonPrivateXForwardedForIP GeoIPUseLastXForwardedForIP
            GracefulShutdownTimeout Group H2CopyFiles H2Direct H2EarlyHint H2EarlyHints
            H2MaxDataFrameLen H2MaxHeaderBlockLen H2MaxSessionStreams H2MaxStreamErrors
            H2MaxWorkerIdleSeconds H2MaxWorkers H2MinWorkers H2ModernTLSOnly H2OutputBuffering
            H2Padding H2ProxyRequests H2Push H2PushDiarySize H2PushPriority H2PushResource
            H2SerializeHeaders H2SessionExtraFiles H2StreamMaxMemSize H2StreamTimeout
            H2TLSCoolDownSecs H2TLSWarmUpSize H2Upgrade H2WebSockets H2WindowSize Header HeaderName
            HeartbeatListen HeartbeatMaxServers HeartbeatStorage HostnameLookups HttpProtocolOptions
            IdentityCheck IdentityCheckTimeout ImapBase ImapDefault ImapMenu IndexHeadInsert
            IndexIgnore IndexIgnoreReset IndexOptions IndexOrderDefault IndexStyleSheet InputSed
            KeepAlive KeepAliveTimeout KeptBodySize LanguagePriority LDAPCacheEntries LDAPCacheTTL
            LDAPConnectionPoolTTL LDAPConnectionTimeout LDAPLibraryDebug LDAPOpCacheEntries
            LDAPOpCacheTTL LDAPReferralHopLimit LDAPReferrals LDAPRetries LDAPRetryDelay
            LDAPSharedCacheFile LDAPSharedCacheSize LDAPTimeout LDAPTrustedClientCert
            LDAPTrustedGlobalCert LDAPTrustedMode LDAPVerifyServerCert LimitInternalRecursion
            LimitRequestBody LimitRequestFields LimitRequestFieldsize LimitRequestLine
            LimitXMLRequestBody ListenBacklog ListenCoresBucketsRatio ListenTCPDeferAccept LoadFile
            LogFormat LogIOTrackTTFB LogLevel LogMessage Lua_____ByteCodeHack LuaCodeCache
            LuaInherit LuaPackageCPath LuaPackagePath LuaRoot LuaScope MacroIgnoreBadNesting
            MacroIgnoreEmptyArgs MaxClients MaxConnectionsPerChild MaxKeepAliveRequests MaxMemFree
            MaxMindDBEnable MaxMindDBEnv MaxMindDBFile MaxMindDBNetworkEnv MaxMindDBSetNotes
            MaxRangeOverlaps MaxRangeReversals MaxRanges MaxRequestsPerChild MaxRequestsPerThread
            MaxRequestWorkers MaxSpareThreads MDActivationDelay MDBaseServer MDCACertificateFile
            MDCAChallenges MDCertificateAgreement MDCertificateAuthority MDCertificateCheck
            MDCertificateFile MDCertificateKeyFile MDCertificateProtocol MDCertificateStatus
            MDChallengeDns01 MDChallengeDns01Version MDCheckInterval MDContactEmail MDDriveMode
            MDExternalAccountBinding MDHttpProxy MDInitialDelay MDMatchNames MDMember MDMembers
            MDMessageCmd MDMustStaple MDNotifyCmd MDomain MDPortMap MDPrivateKeys MDProfile
            MDProfileMandatory MDRenewMode MDRenewViaARI MDRenewWindow MDRequireHttps MDRetryDelay
            MDRetryFailover MDServerStatus MDStapleOthers MDStapling MDStaplingKeepResponse
            MDStaplingRenewWindow MDStoreDir MDStoreLocks MDWarnWindow MemcacheConnTTL MergeSlashes
            MergeTrailers MetaDir MetaFiles MetaSuffix MimeMagicFile MinSpareThreads MMapFile
            ModemStandard ModMimeUsePathInfo ModPagespeed MultiviewsMatch Mutex NameVirtualHost
            NoProxy Options Order OutputSed PassengerEnabled PassEnv php_admin_flag php_admin_value
            php_flag php_value PidFile Port Protocol ProtocolEcho Protocols ProtocolsHonorOrder
            Proxy100Continue ProxyAddHeaders ProxyBadHeader ProxyBlock ProxyDomain
            ProxyErrorOverride ProxyExpressDBMType ProxyFCGIBackendType ProxyFCGISetEnvIf
            ProxyFtpDirCharset ProxyFtpEscapeWildcards ProxyFtpListOnWildcard ProxyHCExpr
            ProxyHCTemplate ProxyHCTPsize ProxyHTMLBufSize ProxyHTMLCharsetOut ProxyHTMLDoctype
            ProxyHTMLEnable ProxyHTMLEvents ProxyHTMLExtended ProxyHTMLFixups ProxyHTMLInterp
            ProxyHTMLLinks ProxyHTMLMeta ProxyHTMLStripComments ProxyHTMLURLMap ProxyIOBufferSize
            ProxyMaxForwards ProxyPassInterpolateEnv ProxyPassReverse ProxyPassReverseCookieDomain
            ProxyPassReverseCookiePath ProxyPreserveHost ProxyReceiveBufferSize
            ProxySCGIInternalRedirect ProxySCGISendfile ProxySourceAddress ProxyStatus ProxyTimeout
            ProxyVia ProxyWebsocketFallbackToProxyHttp QualifyRedirectURL ReadBufferSize ReadmeName
            ReceiveBufferSize RedirectRelative RedisConnPoolTTL RedisTimeout ReflectorHeader
            RegexDefaultOptions RegisterHttpMethod RemoteIPHeader RemoteIPInternalProxy
            RemoteIPInternalProxyList RemoteIPProxiesHeader RemoteIPProxyProtocol
            RemoteIPProxyProtocolExceptions RemoteIPTrustedProxy RemoteIPTrustedProxyList
            RemoveCharset RemoveEncoding RemoveHandler RemoveInputFilter RemoveLanguage
            RemoveOutputFilter RemoveType RequestHeader RequestReadTimeout Require RewriteBase
            RLimitCPU RLimitMEM RLimitNPROC Satisfy ScoreBoardFile Script ScriptAlias
            ScriptAliasMatch ScriptLog ScriptLogBuffer ScriptLogLength ScriptSock SecRuleEngine
            SeeRequestTail SendBufferSize ServerAdmin ServerLimit ServerPath ServerSignature
            ServerTokens Session SessionCookieName SessionCookieName2 SessionCookieRemove
            SessionCryptoCipher SessionCryptoDriver SessionCryptoPassphrase
            SessionCryptoPassphraseFile SessionDBDCookieName SessionDBDCookieName2
            SessionDBDCookieRemove SessionDBDDeleteLabel SessionDBDInsertLabel SessionDBDPerUser
            SessionDBDSelectLabel SessionDBDUpdateLabel SessionEnv SessionExclude
            SessionExpiryUpdateInterval SessionHeader SessionInclude SessionMaxAge SetEnv SetEnvIf
            SetEnvIfExpr SetEnvIfNoCase SetInputFilter SetOutputFilter SSIEndTag SSIErrorMsg SSIEtag
            SSILastModified SSILegacyExprParser SSIStartTag SSITimeFormat SSIUndefinedEcho
            SSLCACertificateFile SSLCACertificatePath SSLCADNRequestFile SSLCADNRequestPath
            SSLCARevocationCheck SSLCARevocationFile SSLCARevocationPath SSLCertificateChainFile
            SSLCertificateFile SSLCertificateKeyFile SSLCipherSuite SSLCompression SSLCryptoDevice
            SSLEngine SSLFIPS SSLHonorCipherOrder SSLInsecureRenegotiation SSLLog SSLLogLevel
            SSLOCSPDefaultResponder SSLOCSPEnable SSLOCSPNoVerify SSLOCSPOverrideResponder
            SSLOCSPProxyURL SSLOCSPResponderCertificateFile SSLOCSPResponderTimeout
            SSLOCSPResponseMaxAge SSLOCSPResponseTimeSkew SSLOCSPUseRequestNonce SSLOpenSSLConfCmd
            SSLOptions SSLPassPhraseDialog SSLProtocol SSLProxyCACertificateFile
            SSLProxyCACertificatePath SSLProxyCARevocationCheck SSLProxyCARevocationFile
            SSLProxyCARevocationPath SSLProxyCheckPeerCN SSLProxyCheckPeerExpire
            SSLProxyCheckPeerName SSLProxyCipherSuite SSLProxyEngine
            SSLProxyMachineCertificateChainFile SSLProxyMachineCertificateFile
            SSLProxyMachineCertificatePath SSLProxyProtocol SSLProxyVerify SSLProxyVerifyDepth
            SSLRandomSeed SSLRenegBufferSize SSLRequire SSLRequireSSL SSLSessionCache
            SSLSessionCacheTimeout SSLSessionTicketKeyFile SSLSessionTickets SSLSRPUnknownUserSeed
            SSLSRPVerifierFile SSLStaplingCache SSLStaplingErrorCacheTimeout SSLStaplingFakeTryLater
            SSLStaplingForceURL SSLStaplingResponderTimeout SSLStaplingResponseMaxAge
            SSLStaplingResponseTimeSkew SSLStaplingReturnResponderErrors
            SSLStaplingStandardCacheTimeout SSLStrictSNIVHostCheck SSLUserName SSLUseStapling
            SSLVerifyClient SSLVerifyDepth SSLVHostSNIPolicy StartServers StrictHostCheck Substitute
            SubstituteInheritBefore SubstituteMaxLineLength Suexec SuexecUserGroup ThreadLimit
            ThreadsPerChild ThreadStackSize Timeout TraceEnable TypesConfig UndefMacro UnsetEnv
            UseCanonicalName UseCanonicalPhysicalPort User UserDir VirtualDocumentRoot
            VirtualDocumentRootIP VirtualScriptAlias VirtualScriptAliasIP WatchdogInterval
            WSGIApplicationGroup WSGIDaemonProcess WSGIPassAuthorization WSGIProcessGroup
            WSGIPythonHome WSGIPythonPath WSGIScriptAlias XBitHack xml2EncAlias xml2EncDefault
            xml2StartParse XSendFile XSendFilePath",
        refused: "AuthnzFcgiDefineProvider BalancerInherit CreateBalancers DBDParams EnableMCPMReceive ExtFilterDefine
            HeartbeatAddress JkAutoAlias JkMount JkMountFile JkWorkersFile LuaAuthzProvider
            LuaHookAccessChecker LuaHookAuthChecker LuaHookCheckUserID LuaHookFixups
            LuaHookInsertFilter LuaHookLog LuaHookMapToStorage LuaHookPreTranslateName
            LuaHookTranslateName LuaHookTypeChecker LuaInputFilter LuaMapHandler LuaOutputFilter
            LuaQuickHandler ManagerBalancerName OIDCProviderMetadataURL PerlAccessHandler
            PerlAuthenHandler PerlHandler PerlModule PerlRequire PerlTransHandler
            ProxyExpressDBMFile ProxyExpressEnable PythonHandler RewriteMap ScriptAliasRemote
            SecRemoteRules",
    },
];

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

static SPELLINGS: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let words = TABLE.iter().filter(|t| t.part != PARAMETER).flat_map(Words::lists);
    words.flat_map(|(_, list)| list.split_whitespace()).map(|word| (word.to_ascii_lowercase(), word)).collect()
});

/// httpd compares names without regard to case; this is how the table writes one.
pub(super) fn spelled(word: &str) -> &str {
    SPELLINGS.get(&word.to_ascii_lowercase()).copied().unwrap_or(word)
}
