vcl 4.1;
backend default { .host = "10.0.0.1"; }
backend other { .host = "10.0.0.2"; }
sub vcl_recv {
    if (req.url ~ "^/default") {
        unset req.http.Cookie;
    } else {
        set req.backend_hint = other;
    }
}
