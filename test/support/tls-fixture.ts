/** A certificate for localhost and 127.0.0.1 that signs itself, valid until 2126. It protects nothing: its key is here. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUGFoirxn5gvkaj0UwDXxL4ZmX48kwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMd2FtcHdheSB0ZXN0MCAXDTI2MTEyMjExMzkzNloYDzIxMjYx
MDI5MTEzOTM2WjAXMRUwEwYDVQQDDAx3YW1wd2F5IHRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASsyyWM9E6L/rmv1/iowAnY6bnPA8GP7K4bz3YNtqc2xVNN
BDiZ4v+xRTnF4w7vtSWDys0xeXXTeFfxpqkot7neo28wbTAdBgNVHQ4EFgQUmuKx
2p14gfnqwhnDe6vw/nvkdYowHwYDVR0jBBgwFoAUmuKx2p14gfnqwhnDe6vw/nvk
dYowDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEw
CgYIKoZIzj0EAwIDSQAwRgIhAKgb71HSmj5LCmOt4pYe7rzuY+wZv+oXFpjrIu7J
31IoAiEAmdosClUd3jWimu5wldk2D68nzUF5QhAKfKHT/y9DdjQ=
-----END CERTIFICATE-----
`;

export const testKey = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIDRKVwEopIJnXd6qZh2o+harnsPbHgKf369JP6KGgBxnoAoGCCqGSM49
AwEHoUQDQgAErMsljPROi/65r9f4qMAJ2Om5zwPBj+yuG892DbanNsVTTQQ4meL/
sUU5xeMO77Ulg8rNMXl103hX8aapKLe53g==
-----END EC PRIVATE KEY-----
`;
