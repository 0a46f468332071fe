-- Copies as they change.
settings {
    logfile = "/var/log/lsyncd.log",
    statusInterval = 20,
}
local far = "standby.example"
sync {
    default.rsync,
    source = "/srv/www",
    target = "web2.example:/srv/www",
    delay = 5,
    rsync = { archive = true, compress = true, rsh = "/usr/bin/ssh -p 22 -o StrictHostKeyChecking=no" },
}
sync {
    default.rsyncssh,
    source = "/srv/files",
    host = far,
    targetdir = "/srv/files",
    ssh = { port = 2222 },
}
sync { default.direct, source = "/srv/a", target = "/mnt/nas/a" }
sync { default.rsync, source = "/srv/b", target = "jump:/b", rsync = { _extra = { "-e", "ssh -J hop.example" } } }
sync { default.rsync, source = "/srv/c", target = pick() }
sync { bash, source = "/srv/d", target = "/x" }
