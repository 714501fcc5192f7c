"""Six Gaussians as other programs packed them, and what they are.

Made by gsplat 1.5.3 (``export_splats``) and by splat-transform 2.7.1 from gsplat's ``.ply``.
"""

import base64
import zlib

import numpy as np

N = 6


def truth():
    """What was packed: places, scales, quaternions, opacities and colours."""
    i = np.arange(N)
    scales = np.stack([0.02 + 0.004 * i, 0.05 - 0.003 * i, np.full(N, 0.001)], 1)
    quats = np.stack([np.cos(i * 1.3), np.sin(i * 2.1), np.cos(i * 0.7), np.sin(i + 0.4)], 1)
    return {
        "means": np.stack([0.3 * i - 0.7, 0.2 * np.cos(i), 0.1 * i * i - 1], 1),
        "scales": scales,
        "quats": quats / np.linalg.norm(quats, axis=1, keepdims=True),
        "opacities": 1 / (1 + np.exp(-np.linspace(-2, 3, N))),
        "rgb": np.stack([0.1 + 0.15 * i, 0.9 - 0.1 * i, 0.5 + 0 * i], 1),
    }


def packed(name):
    return zlib.decompress(base64.b85decode("".join(PACKED[name])))


PACKED = {
    "gsplat.compressed.ply": [
        "c-nQ6y-UMD6u=){#31O<xy>#V+kohx8AK2f2k`?PjMwzi9?cimRFW!~$xTNwx;VJHI&`o>5FM_QgE%O5",
        "@(<9#EnYj+!OL*m<M(^--8=4FGms32TF8^j#6~pGOyYSa*05b6$d-$RDG8g{!nP;twWeK{i;_zn7gH~g",
        "4b$Ou7O^#71OpLl{e#FClyew}U`y1qp(8%ApRR&*C7dU%;ZOzXN;n}E!Kw(BMV+Y#Rz<Kpe64+MurE*l",
        "Wi<)MF4F6`qPb3kc*L>AmO36vw}X3%mF}1h9gfhb@#FbN(rOr0FqITV>Ez<&JAkm$Wh*LQ^8m4Ww%dwd",
        "PB!C>vA1|4vl?gH>L6x}&2<^$IiOxd+p1w0YCndbJjA!-a(~Z30!y>RxV}0*fN=dVgvjV+!sw|~$ivj>",
        "O&g3TIr>f>v-hI_AITR$vUWbBRJYzg!QEL{1g7My2X;AGdWOA`*B&VB7n4yjoB",
    ],
    "supersplat.compressed.ply": [
        "c-nQ6y-UMD6u=)YVi0t2uD6TDHsHsg8AKEj2k`?PjF<G%h9-C6dP-9TGr8#~1{VicSBDNZ2%<y8!9g4p",
        "o%{oIaEoaN9lQ+3J$}D;@809ib9}{O+{FSJHpSf69a{*8=!BMROi>{}qL|Ee2^DCTP{OewC1m)h<~djl",
        "3yx{6eI6C_WBGzY9MVZOE8Db+3W~>>N4W5j<*@V$*QR=127MW9{DZhIIi5ma1{<=PH4~@9)w7kKt)%^A",
        "75r6xwvu+pWw0!RhO9D|!Lke*zpu5E8d682e_7jhial&rNlEuu%@#JJa?6>(*|syMT$#*aTuHx~ULm+d",
        "xT30RD;LdQ0R*l4ctK0o6hNdMZ#JT*!_{b|_a*A@T8svoS|@&p<H`FtPIEvD!*$KFEUg{SP1x4?*}*OZ",
        "%X<NY)_YeF-WBtMFmiO!1S?!R8CT0|uOHxTOwT~9!uKFVmwl+c=OBTcdlR1y6(3=%`}rNzINAS7ZU?S=",
        "0N#>MfaC}B);wb",
    ],
    "gsplat.splat": [
        "c-k{IHr{{sjE@}yL&JWq>x*s9obj>E6Kb}Sd|EGez2W-8vuDoi)ht=Hch*eF{f-GwZ6Yj9!18IE>g$aR",
        "`uBqL${q092U3?O#B4kNy*gOFXJ-8_=_bn<puD|XLWV5^!vTA)>&mv8G5lcp8)@~Qjyl?U0QK!V=XcjO",
        "EiG;T(%DCBgqt0}^7d!yU8Wu1f02QK!T!Kq)_p+x?e~-j+df$;4VDL5|6s`>b29*pa#fl",
    ],
    "version3.spz": [
        "c-oWi=3oE=X2uSN^8bGB!2!%b9veuAhk@bjm;Yz~{AUngnDz6&>%aeLd<<#-{)aL$%;ID)W@gZ4W|+mu",
        "z`(&E&cu-R?f+RG28sXw8D9LCb8Xo5@U!Q(hPV|CMY9{)dK+dpG^{UbNGvc+$u~^TGtA62%+4{)$ufM)",
        "%$!g=FLdXQ+)~z)M)w|^$qAco@zV60aoqv?4xkeNqZK>=",
    ],
    "version4.spz": [
        "c-r%G4-Q~qU|?VaVg?=tRs{xBU=O9upfo>}W`okwP+ABFUlB@6KxvJw`hOM7HZn4t{qq0ppZ^R346}az",
        "cm4N2jgKMi-~UiXhFP2p#>@=b%nY*_85lSi#F-e<zWqPT!yxhhKf{avVC`&%3=DFv4Z9wG26KfbGB9{<",
        "YlvIXP&B)tt+!!zL&N%_2DnsWfniF%VS1inX0Bm&j$uxgAy`V{AOpi&X6A(2d7(RZ<d(9YG`jcTOitKz",
        "i<hR~0792WVg",
    ],
}
