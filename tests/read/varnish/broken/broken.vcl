vcl 4.1;
bakend a { .host = "10.0.0.1"; }
backend b { .hots = "10.0.0.2"; }
backend c { .host = "{{ host }}"; }
backend d { .host = "10.0.0.4"; }
C{ open_socket(); }C
sub vcl_recv {
    set req.backend_hint = nobody;
    set req.backend_hint = made.up(req.url);
    telport a;
    call nowhere;
    set req.backend_hint = d
}
sub vcl_miss {
