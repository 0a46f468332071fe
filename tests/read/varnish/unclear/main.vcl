vcl 4.1;
import std;
import directors;
backend a { .host = "10.0.0.1"; .port = "https"; }
backend b { .host = "10.0.0.2"; .port = "web"; .via = gone; }
director d random {
    { .backend = a; .weight = heavy; }
    { .backend = b; .weight = 0; }
}
sub vcl_init {
    new r = directors.random();
    if (std.port("a") == 1) {
        r.add_backend(a, heavy);
    }
    r.add_backend(b, 0);
    C{ open_socket(); }C
}
sub vcl_recv {
    set req.backend_hint = a;
    if (req.url ~ "^/t") {
        set req.backend = table.lookup_backend(gone, req.http.host);
    } elsif (req.url ~ "^/d") {
        set req.backend_hint = d;
    } else {
        set req.backend_hint = r.backend();
    }
    switch (req.http.x) {
        case "a":
            set req.backend = b;
            break;
    }
}
