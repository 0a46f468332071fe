vcl 4.1;
backend a { .host = "10.0.0.1"; }
backend b { .host = "10.0.0.2"; }
backend c { .host = "10.0.0.3"; }
sub vcl_recv {
    if (req.url ~ "^/a") {
        set req.backend_hint = a;
        if (req.http.Cookie) {
            return (pass);
        }
    }
    if (req.url ~ "^/gone") {
        set req.backend_hint = c;
        return (synth(404));
    }
    set req.backend_hint = b;
}
