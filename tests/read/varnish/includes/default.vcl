vcl 4.1;
import curl;
include "parts/backends.vcl";
include "/etc/varnish/parts/gone.vcl";
include "devicedetect.vcl";
sub vcl_recv {
    include "parts/recv.vcl";
}
