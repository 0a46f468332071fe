vcl 4.1;
import std;
import directors;

probe p { .url = "/"; }
backend a { .host = "10.0.0.1"; .probe = p; }
backend b { .host = "b.example.net"; .port = "8080"; .probe = { .url = "/"; } }
backend c { .host = "2001:db8::3"; }
backend s { .path = "/run/app.sock"; }
backend v { .host = "10.0.0.9"; .via = a; }
backend off none;

sub vcl_init {
    new first = directors.fallback();
    first.add_backend(a);
    first.add_backend(c);
    first.add_backend(b);
    new shares = directors.random();
    shares.add_backend(a, 3);
    shares.add_backend(b, 1.0);
    shares.add_backend(first.backend());
    new sticky = directors.hash();
    sticky.add_backend(s, 1);
    sticky.add_backend(gone, 1);
    new nested = directors.round_robin();
    nested.add_backend(first);
    nested.add_backend(shares);
    new nothing = directors.round_robin();
}

sub vcl_recv {
    set req.backend_hint = nested.backend();
    if (req.url ~ "^/via") {
        set req.backend_hint = v;
    } elsif (req.url ~ "^/sticky") {
        set req.backend_hint = sticky.backend(client.identity);
    }
}
