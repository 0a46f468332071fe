backend F_origin {
  .host = "origin.example.net";
  .port = "443";
  .ssl = true;
  .shield = "iad-va-us";
  .probe = { .dummy = true; .request = "HEAD / HTTP/1.1" "Host: x"; }
}
backend F_other { .host = "other.example.net"; .probe = { .request = "HEAD / HTTP/1.1"; } }
director pool fallback {
  { .backend = F_origin; }
  { .backend = F_other; }
}
director shares random {
  .quorum = 50%;
  { .backend = F_origin; .weight = 9; }
  { .backend = F_other; .weight = 1; }
}
director ssl_shield_x shield { .shield = "lon-london-uk"; .is_ssl = true; }
table routes BACKEND {
  "a": F_origin,
  "b": F_other,
}
table names { "x": "y", }
sub vcl_recv {
#FASTLY recv
  set req.backend = pool;
  if (client.geo.country_code == "CN") {
    set req.backend = shares;
  }
  if (req.http.Host == "t.example.com") {
    set req.backend = table.lookup_backend(routes, req.http.X, F_other);
  }
  if (!req.backend.healthy) {
    set req.backend = F_other;
  }
  return(lookup);
}
sub vcl_miss {
  set req.backend = fastly.try_select_shield(ssl_shield_iad_va_us, req.backend);
}
sub vcl_deliver {
  log {"syslog "} req.service_id {" logs :: "} req.url;
}
