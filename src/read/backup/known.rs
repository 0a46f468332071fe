//! What each setting of a backup program means for where copies go. `x_*` stands for all settings that begin so.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    Words {
        part: "borgmatic",
        followed: "repositories constants postgresql_databases mariadb_databases mysql_databases mongodb_databases healthchecks \
            uptime_kuma cronitor cronhub pagerduty pushover ntfy loki apprise zabbix sentry before_actions before_backup before_prune \
            before_compact before_check before_extract after_backup after_compact after_prune after_check after_extract after_actions \
            on_error before_everything after_everything commands ssh_command",
        harmless: "source_directories source_directories_must_exist working_directory one_file_system numeric_ids numeric_owner atime \
            ctime birthtime bsd_flags read_special unsafe_skip_path_validation_before_create flags files_changed files_cache local_path \
            patterns patterns_from exclude_patterns exclude_from exclude_caches exclude_if_present keep_exclude_tags exclude_nodump \
            borgmatic_source_directory user_runtime_directory user_state_directory encryption_passcommand encryption_passphrase \
            checkpoint_interval checkpoint_volume chunker_params compression recompress upload_rate_limit remote_rate_limit \
            upload_buffer_size retries retry_wait temporary_directory borg_base_directory borg_config_directory borg_cache_directory \
            use_chunks_archive borg_files_cache_ttl borg_security_directory borg_keys_directory borg_key_file borg_exit_codes umask \
            lock_wait archive_name_format match_archives archive_hostname archive_username file_list_format archive_list_format \
            relocated_repo_access_is_ok unknown_unencrypted_repo_access_is_ok debug_passphrase display_passphrase \
            check_i_know_what_i_am_doing msgpack_version_check keep_* prefix compact_threshold checks check_repositories check_last \
            color verbosity syslog_verbosity log_file_verbosity log_file log_file_format monitoring_verbosity log_json progress \
            statistics quick_statistics list_details default_actions skip_actions bootstrap sqlite_databases zfs btrfs lvm systemd \
            container keepassxc remote_path",
        // Options of Borg itself, and a service that is told by its own configuration.
        refused: "extra_borg_options watchgoose",
    },
    Words {
        part: "rclone type",
        followed: "s3 azureblob azurefiles local memory sftp ftp http webdav smb hdfs seafile koofr sia qingstor oracleobjectstorage \
            alias crypt chunker compress hasher cache archive union combine",
        harmless: "",
        // Whose account decides.
        refused: "gcs b2 box drive dropbox fichier filefabric filelu filen gofile hidrive iclouddrive internetarchive internxt jottacloud \
            linkbox mailru mega netstorage onedrive opendrive pcloud pikpak pixeldrain premiumizeme protondrive putio quatrix shade \
            sharefile storj sugarsync swift uloz ulozto yandex zoho googlephotos doi imagekit cloudinary drime",
    },
    Words {
        part: "rclone.conf",
        followed: "type provider endpoint region host url namenode remote upstreams account nodes api_url",
        harmless: "access_key_id secret_access_key session_token env_auth profile shared_credentials_file acl bucket_acl storage_class \
            location_constraint location server_side_encryption sse_* upload_* chunk_size copy_cutoff max_upload_parts force_path_style \
            v2_auth use_* disable_* no_* list_* memory_pool_* encoding versions version_at download_url directory_markers \
            requester_pays leave_parts_on_error decompress might_gzip sts_endpoint role_* sdk_log_mode ibm_* client_id client_secret \
            client_* scope root_folder_id service_account_file service_account_credentials team_drive token token_url auth_url user \
            username pass password password2 pass_* port key key_* pubkey_file known_hosts_file ask_password shell_type md5sum_command \
            sha1sum_command skip_links set_modtime concurrency connections idle_timeout explicit_tls tls vendor bearer_token \
            filename_encryption directory_name_encryption filename_encoding suffix show_mapping pass_bad_blocks strict_names \
            description drive_id drive_type tenant tenant_* hard_delete mode level ram_cache_limit hashes max_age hash_* \
            action_policy create_policy search_policy cache_time min_free_space project_number bucket_policy_only anonymous object_acl \
            sas_url msi_* service_principal_file container share_name domain spn case_insensitive hide_special_share nextcloud_* \
            owncloud_* headers pacer_min_sleep max_connections cipher_* ciphers macs key_exchange host_key_algorithms compression_level \
            fast_list_* starred_only trashed_only shared_* skip_* impersonate export_formats import_formats stop_on_* batch_* \
            access_tier archive_tier_delete public_access snapshot_dir copy_links links one_file_system nounc unicode_normalization \
            advanced_config type_* expire auth hostname_check subsystem server_command",
        // They ask another program, or go through another server.
        refused: "ssh proxy http_proxy socks_proxy sts_* bearer_token_command root_url shared_folder",
    },
    Words {
        part: "restic environment",
        followed: "RESTIC_REPOSITORY RESTIC_REPOSITORY_FILE RESTIC_FROM_REPOSITORY RESTIC_FROM_REPOSITORY_FILE AWS_DEFAULT_REGION \
            AWS_REGION AZURE_ACCOUNT_NAME AZURE_ENDPOINT_SUFFIX",
        harmless: "RESTIC_PASSWORD RESTIC_PASSWORD_FILE RESTIC_PASSWORD_COMMAND RESTIC_FROM_PASSWORD RESTIC_FROM_PASSWORD_FILE \
            RESTIC_FROM_PASSWORD_COMMAND RESTIC_KEY_HINT RESTIC_FROM_KEY_HINT RESTIC_CACERT RESTIC_TLS_CLIENT_CERT RESTIC_CACHE_DIR \
            RESTIC_COMPRESSION RESTIC_HOST RESTIC_PROGRESS_FPS RESTIC_PACK_SIZE RESTIC_READ_CONCURRENCY RESTIC_FEATURES TMPDIR TMP \
            RESTIC_REST_USERNAME RESTIC_REST_PASSWORD AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE \
            AWS_SHARED_CREDENTIALS_FILE RESTIC_AWS_ASSUME_ROLE_* AZURE_ACCOUNT_KEY AZURE_ACCOUNT_SAS AZURE_FORCE_CLI_CREDENTIAL \
            B2_ACCOUNT_ID B2_ACCOUNT_KEY GOOGLE_PROJECT_ID GOOGLE_APPLICATION_CREDENTIALS GOOGLE_ACCESS_TOKEN OS_* ST_* RCLONE_BWLIMIT \
            PATH HOME BACKUP_PATHS RETENTION_* GOMAXPROCS GOGC XDG_CACHE_HOME RESTIC_FORGET_ARGS RESTIC_BACKUP_ARGS LANG LC_ALL",
        refused: "HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy",
    },
    Words {
        part: "resticprofile",
        followed: "repository repo repository-file env env-file copy init inherit option run-* send-* stream-error",
        harmless: "description base-dir quiet verbose key-hint password-file password-command cache-dir cacert tls-client-cert initialize \
            lock force-inactive-lock status-file prometheus-* systemd-drop-in-files backup retention check prune forget snapshots mount \
            ls find dump stats rewrite tag unlock cat diff key list recover repair restore rebuild-index self-update version cache \
            compression pack-size limit-upload limit-download no-cache no-lock json cleanup-cache insecure-tls retry-lock host path \
            insecure-no-password http-user-agent stuck-request-timeout migrate features generate",
        refused: "",
    },
    Words { part: "autorestic", followed: "backends locations", harmless: "version global extras", refused: "" },
    Words { part: "autorestic backend", followed: "type path env options", harmless: "key requireKey rest", refused: "" },
    Words {
        part: "autorestic location",
        followed: "to copy hooks options",
        harmless: "from type cron forget copy_options",
        refused: "",
    },
    Words {
        part: "commands",
        followed: "rsync scp ssh sftp lftp ftp nc ncat netcat telnet curl wget cp mv install syncoid rdiff-backup sh bash dash zsh ash ksh \
            rclone restic borg duplicity aws gsutil gcloud azcopy ossutil ossutil64 obsutil coscli pg_dump pg_dumpall pg_basebackup \
            pg_receivewal psql pg_restore mysqldump mariadb-dump mysqlpump mysql mariadb mydumper mariabackup xtrabackup mongodump \
            mongorestore mongoexport redis-cli mail mailx sendmail mutt msmtp borgmatic autorestic resticprofile pgbackrest wal-g lsyncd \
            rsnapshot logrotate . source find tar tee dd openssl logger mbuffer export declare readonly unset run-one sudo doas nice ionice chrt taskset timeout nohup setsid chronic cronic exec command time eatmydata \
            unbuffer env stdbuf systemd-cat systemd-inhibit xargs flock runuser su docker podman nerdctl docker-compose",
        // They work on what is here, and send nothing anywhere.
        harmless: "echo true false : test [ [[ mkdir rmdir rm touch date sleep mount umount mountpoint findmnt systemctl chmod chown \
            chgrp sync printf cat gzip gunzip zcat pigz zstd unzstd xz bzip2 lz4 lzop cpio zip unzip 7z sort uniq head tail grep \
            egrep fgrep zgrep sed awk gawk cut tr wc split cmp diff md5sum sha1sum sha256sum sha512sum b2sum gpg gpg2 age df \
            du ls ln stat ps kill pkill pgrep hostname id whoami uname cd pushd popd set read exit return wait shift \
            local let basename dirname readlink realpath seq expr bc jq yq pv buffer zfs zpool btrfs lvcreate lvremove \
            fsfreeze xfs_freeze fstrim updatedb savelog ulimit umask renice shuf xxd base64 fold column nproc \
            journalctl systemd-tmpfiles tmpreaper tmpwatch e2scrub_all mandb dpkg service uptime free vmstat for case esac in break continue",
        refused: "",
    },
    Words {
        part: "rsyncd.conf",
        followed: "path hostsallow readonly writeonly earlyexec pre-xferexec post-xferexec nameconverter",
        harmless: "motdfile pidfile port address socketoptions listenbacklog comment maxconnections logfile syslogfacility syslogtag \
            maxverbosity lockfile list uid gid daemonuid daemongid fakesuper filter exclude include excludefrom includefrom \
            incomingchmod outgoingchmod authusers secretsfile strictmodes hostsdeny reverselookup forwardlookup ignoreerrors \
            ignorenonreadable transferlogging logformat timeout refuseoptions dontcompress usechroot daemonchroot numericids \
            mungesymlinks charset proxyprotocol tempdir opennoatime",
        refused: "",
    },
    Words {
        part: "lsyncd settings",
        followed: "",
        harmless: "logfile pidfile nodaemon statusFile statusInterval logfacility logident insist inotifyMode maxProcesses maxDelays log \
            onepass delay",
        refused: "",
    },
    Words {
        part: "lsyncd rsync and ssh",
        followed: "rsh binary _extra options config rsh_params rsync_path",
        harmless: "acls append append_verify archive backup backup_dir bwlimit checksum chown chmod compress copy_dirlinks copy_links \
            copy_unsafe_links cvs_exclude delete_excluded dry_run executability existing group groupmap hard_links ignore_times inplace \
            ipv4 ipv6 keep_dirlinks links one_file_system omit_dir_times omit_link_times owner password_file perms protect_args \
            prune_empty_dirs quiet sparse suffix temp_dir timeout times update usermap verbose whole_file xattrs identityFile port",
        refused: "",
    },
    Words {
        part: "lsyncd sync",
        followed: "target host rsync ssh",
        harmless: "source targetdir exclude excludeFrom filter filterFrom delete delay init maxDelays maxProcesses exitcodes rsyncBinary \
            crontab batchSizeLimit onepass",
        refused: "prepare action onAttrib onCreate onModify onDelete onMove onStartup bash",
    },
];

pub(super) static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Types of remotes that hold no files but those of others.
pub(super) const WRAPPERS: &str = "alias crypt chunker compress hasher cache archive union combine";

/// Services of which only the account knows where its files are.
pub(super) const ACCOUNTS: &str = "b2 box drive dropbox fichier filefabric filelu filen gofile hidrive iclouddrive internetarchive internxt \
    jottacloud linkbox mailru mega netstorage onedrive opendrive pcloud pikpak pixeldrain premiumizeme protondrive putio quatrix shade \
    sharefile storj sugarsync swift uloz ulozto yandex zoho googlephotos doi imagekit cloudinary drime";
